#include "product.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

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
  const auto close = [](FILE* file) {
    if (file != stdin) std::fclose(file);
  };
  const std::unique_ptr<FILE, decltype(close)> file(
      path == "-" ? stdin : std::fopen(path.c_str(), "rbe"), close);
  if (file == nullptr) return failure(errno);
  std::string text;
  std::array<char, 65536> chunk;
  while (text.size() <= catalog::kCatalogBytesMax) {
    const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file.get());
    if (n == 0) break;
    text.append(chunk.data(), n);
  }
  if (std::ferror(file.get()) != 0) return failure(errno);
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
