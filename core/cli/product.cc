#include "product.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "platform/file.h"
#include "platform/system.h"
#include "terminal.h"

namespace candor::cli {
namespace {

// Problems of a broken catalog that a command other than `check` lists.
constexpr std::size_t kProblemsShownMax = 5;

}  // namespace

Expected<std::string> read_catalog(const std::string& path) {
  const auto failure = [&path](int code) {
    return Error{path + " cannot be read: " + std::strerror(code), code};
  };
  Fd opened;
  if (path != "-") {
    // A FIFO that nothing writes to is empty; without the flag, opening it would wait for a writer.
    auto file = file::open(path, O_RDONLY | O_NONBLOCK);
    if (!file) return failure(file.error().code);
    opened = std::move(*file);
  }
  const int fd = path == "-" ? STDIN_FILENO : opened.get();
  std::string text;
  std::array<char, 65536> chunk;
  while (text.size() <= catalog::kCatalogBytesMax) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n == 0) break;
    if (n > 0) {
      text.append(chunk.data(), static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd more{fd, POLLIN, 0};  // its writer is at work
      static_cast<void>(::poll(&more, 1, -1));
    } else if (errno != EINTR) {
      return failure(errno);
    }
  }
  if (text.size() > catalog::kCatalogBytesMax) text.resize(catalog::kCatalogBytesMax + 1);
  return text;
}

std::string describe(const std::string& path, const catalog::Problem& problem) {
  std::string line = path == "-" ? "<stdin>" : path;
  line += ':' + std::to_string(problem.line) + ':' + std::to_string(problem.column);
  line += problem.severity == catalog::Severity::error ? ": error: " : ": warning: ";
  line += problem.text;
  line += " [";
  line += problem.rule;
  line += ']';
  return line;
}

Expected<catalog::Catalog> load_catalog(const std::string& path) {
  const auto text = read_catalog(path);
  if (!text) return text.error();
  catalog::Loaded loaded = catalog::load(*text);
  if (loaded.catalog) return std::move(*loaded.catalog);
  std::string problems = "the catalog has errors";
  std::size_t shown = 0;
  for (const auto& problem : loaded.problems) {
    if (shown++ == kProblemsShownMax) {
      problems += "\n  and more: see `candor check`";
      break;
    }
    problems += "\n  " + describe(path, problem);
  }
  return Error{std::move(problems)};
}

Expected<Product> find_product(const ProductArgs& args) {
  auto loaded = load_catalog(args.catalog);
  if (!loaded) return loaded.error();
  Product product;
  product.catalog = std::move(*loaded);
  product.environment = process_environment();

  const Options options{.home = args.home, .policy_file = args.policy_file};
  product.places = client::places(product.catalog, options, product.environment);
  product.terms = client::terms(product.catalog, options, product.places);
  return product;
}

Options client_options(const ProductArgs& args) {
  Options options;
  options.catalog = args.catalog;
  options.home = args.home;
  options.policy_file = args.policy_file;
  return options;
}

}  // namespace candor::cli
