#include <candor/client.h>
#include <candor/upload.h>

#include <chrono>

int main(int, char** argv) {
  auto client = candor::Client::open(
      {.catalog = argv[1], .product_version = "1.2.3", .uploader = &candor_upload});
  if (!client->emit("hello_said", {{"greeting", "hello"}, {"count", 3}})) return 1;
  return client->flush(std::chrono::seconds{10}) ? 0 : 2;
}
