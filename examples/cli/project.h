// The product itself, kept as small as it can be and still do something: a
// project is a directory of text files that ktx reads.
//
//   ktx.project      a line for each connection: NAME DRIVER PATH [demo]
//   models/NAME.sl   lines: table T, column C, join A B, measure M, dimension D
//   wiki/NAME.md     prose
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ktx {

// A failure the user is told about. `kind` is a name out of this program's source.
struct Failure : std::runtime_error {
  Failure(std::string_view kind_of_failure, const std::string& what)
      : std::runtime_error(what), kind(kind_of_failure) {}
  std::string_view kind;
};

struct Connection {
  std::string name, driver;
  std::filesystem::path file;
  bool demo = false;
};

struct Models {
  std::int64_t files = 0, tables = 0, columns = 0, joins = 0, measures = 0, dimensions = 0;
  // Joins that name a table no file declares.
  std::int64_t broken_joins = 0;
  // Joins that no file declares, but a column called TABLE_id implies.
  std::int64_t implied_joins = 0;
};

class Project {
 public:
  explicit Project(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] bool exists() const;
  // Each throws Failure.
  void create() const;
  void add(const Connection& connection) const;
  [[nodiscard]] std::vector<Connection> connections() const;
  [[nodiscard]] Connection connection(const std::string& name) const;
  [[nodiscard]] Models models() const;
  // How many pages hold the text.
  [[nodiscard]] std::int64_t search_wiki(const std::string& text) const;
  [[nodiscard]] bool has(const std::string& folder) const;

 private:
  using Lines = std::vector<std::vector<std::string>>;
  // Each file of a folder as its lines, and a line as its words.
  [[nodiscard]] std::vector<Lines> files(const std::string& folder,
                                         const std::string& extension) const;
  std::filesystem::path directory_;
};

[[nodiscard]] std::vector<std::string> words_of(const std::string& line);

}  // namespace ktx
