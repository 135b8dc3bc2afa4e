// Catalog texts for tests: a small correct catalog with one part replaced, each
// part on lines of its own so that positions stay readable.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "catalog/catalog.h"

namespace candor::catalog {

struct Parts {
  std::string version;  // such as R"("candor": "0.2",)", on line 1
  std::string product =
      R"("product": {"name": "T", "home": "~/.t", "env_prefix": "T", "consent": {"mode": "off"}},)";
  std::string sinks = R"("sinks": [],)";
  std::string envelope =
      R"("version": {"type": "string", "max_length": 9, "source": "product.version"})";
  std::string about = R"("description": "d", "owner": "o", "purpose": "usage",)";
  std::string fields;
  std::string more_events;
};

// Line 1 opens the catalog, 2 is the product, 3 the sinks, 5 the envelope's
// fields, 8 what is said about the event thing_done, 10 its fields, 12 more events.
inline std::string text_of(const Parts& parts) {
  return "{ " + parts.version + "\"catalog\": \"t\",\n" + parts.product + "\n" + parts.sinks +
         "\n\"envelope\": {\n" + parts.envelope + "\n},\n\"events\": { \"thing_done\": {\n" +
         parts.about + "\n\"fields\": {\n" + parts.fields + "\n}}\n" + parts.more_events + "\n}}\n";
}

// A text, the places of the problems it has, and a part of the first one's message.
struct Case {
  std::string text;
  std::vector<std::string> expected;
  std::string hint = {};
};

// "10:3 unknown-key" for each problem.
inline std::vector<std::string> places(const std::vector<Problem>& problems) {
  std::vector<std::string> found;
  for (const Problem& p : problems) {
    found.push_back(std::to_string(p.line) + ":" + std::to_string(p.column) + " " +
                    std::string(p.rule));
  }
  return found;
}

inline std::string file_text(const std::string& path) {
  std::ifstream file(std::string(CANDOR_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace candor::catalog
