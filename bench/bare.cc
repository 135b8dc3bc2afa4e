// A C++ program that does nothing: what host.cc is measured against. Like it, prints how
// much memory it takes, when asked.
#include <string>

#include "memory.h"

int main(int argc, char** argv) {
  // Asked in a way that needs the C++ library, as every C++ program does: loading it is not
  // what candor adds.
  const std::string verb = std::string("a word of some length: ") + (argc > 1 ? argv[1] : "");
  if (verb.ends_with("memory")) candor::bench::print_memory();
  return 0;
}
