#include <candor/client.h>

int main(int, char** argv) {
  auto client = candor::Client::open({.catalog = argv[1], .product_version = "1.2.3"});
  return client->emit("hello_said", {{"greeting", "hello"}, {"count", 3}}) ? 0 : 1;
}
