#include "project.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace ktx {
namespace fs = std::filesystem;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

bool Project::exists() const { return fs::exists(directory_ / "ktx.project"); }

bool Project::has(const std::string& folder) const { return fs::is_directory(directory_ / folder); }

void Project::create() const {
  std::error_code error;
  fs::create_directories(directory_ / "models", error);
  fs::create_directories(directory_ / "wiki", error);
  std::ofstream file(directory_ / "ktx.project", std::ios::app);
  if (!file) throw Failure("ProjectError", "can't write the project's directory");
}

void Project::add(const Connection& connection) const {
  std::ofstream file(directory_ / "ktx.project", std::ios::app);
  file << connection.name << ' ' << connection.driver << ' ' << connection.file.string()
       << (connection.demo ? " demo\n" : "\n");
  if (!file) throw Failure("ProjectError", "can't write ktx.project");
}

std::vector<Connection> Project::connections() const {
  std::ifstream file(directory_ / "ktx.project");
  if (!file) throw Failure("NoProject", "this is no ktx project; run `ktx setup`");
  std::vector<Connection> found;
  for (std::string line; std::getline(file, line);) {
    const auto words = words_of(line);
    if (words.size() >= 3) found.push_back({words[0], words[1], words[2], words.size() > 3});
  }
  return found;
}

Connection Project::connection(const std::string& name) const {
  for (const Connection& one : connections()) {
    if (one.name == name) return one;
  }
  throw Failure("UnknownConnection", "there is no connection of that name");
}

std::vector<Project::Lines> Project::files(const std::string& folder,
                                           const std::string& extension) const {
  if (!has(folder)) throw Failure("NoProject", "this is no ktx project; run `ktx setup`");
  std::vector<Lines> found;
  for (const auto& entry : fs::directory_iterator(directory_ / folder)) {
    if (entry.path().extension() != extension) continue;
    Lines& lines = found.emplace_back();
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) lines.push_back(words_of(line));
  }
  return found;
}

Models Project::models() const {
  Models found;
  std::set<std::string> tables, columns, joined;
  for (const Lines& lines : files("models", ".sl")) {
    ++found.files;
    for (const std::vector<std::string>& words : lines) {
      if (words.empty()) continue;
      const std::string& kind = words[0];
      if (kind == "measure") ++found.measures;
      if (kind == "dimension") ++found.dimensions;
      if (words.size() < 2) continue;
      if (kind == "table") tables.insert(words[1]);
      if (kind == "column") columns.insert(words[1]);
      if (kind == "join") {
        ++found.joins;
        joined.insert(words.begin() + 1, words.end());
      }
    }
  }
  found.tables = static_cast<std::int64_t>(tables.size());
  found.columns = static_cast<std::int64_t>(columns.size());
  found.broken_joins = std::count_if(joined.begin(), joined.end(), [&](const std::string& table) {
    return !tables.contains(table);
  });
  found.implied_joins = std::count_if(tables.begin(), tables.end(), [&](const std::string& table) {
    return columns.contains(table + "_id") && !joined.contains(table);
  });
  return found;
}

std::int64_t Project::search_wiki(const std::string& text) const {
  const auto holds = [&](const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  const std::vector<Lines> pages = files("wiki", ".md");
  return std::count_if(pages.begin(), pages.end(), [&](const Lines& lines) {
    return std::any_of(lines.begin(), lines.end(), holds);
  });
}

}  // namespace ktx
