// A C++ program that does nothing: what host.cc is measured against. Like it, prints how
// much memory it takes, when asked.
#include <cstring>

#include "memory.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "memory") == 0) candor::bench::print_memory();
  return 0;
}
