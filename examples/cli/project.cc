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

void Project::each_line(
    const std::string& folder, const std::string& extension,
    const std::function<void(const std::vector<std::string>& words)>& each) const {
  if (!has(folder)) throw Failure("NoProject", "this is no ktx project; run `ktx setup`");
  for (const auto& entry : fs::directory_iterator(directory_ / folder)) {
    if (entry.path().extension() != extension) continue;
    each({"file"});
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) each(words_of(line));
  }
}

Models Project::models() const {
  Models found;
  std::set<std::string> tables, columns, joined;
  each_line("models", ".sl", [&](const std::vector<std::string>& words) {
    if (words.empty()) return;
    const std::string& kind = words[0];
    if (kind == "file") ++found.files;
    if (kind == "measure") ++found.measures;
    if (kind == "dimension") ++found.dimensions;
    if (words.size() < 2) return;
    if (kind == "table") tables.insert(words[1]);
    if (kind == "column") columns.insert(words[1]);
    if (kind == "join") {
      ++found.joins;
      joined.insert(words.begin() + 1, words.end());
    }
  });
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
  std::int64_t pages = 0;
  bool counted = true;
  each_line("wiki", ".md", [&](const std::vector<std::string>& words) {
    if (words.size() == 1 && words[0] == "file") counted = false;
    if (counted || std::find(words.begin(), words.end(), text) == words.end()) return;
    counted = true;
    ++pages;
  });
  return pages;
}

}  // namespace ktx
