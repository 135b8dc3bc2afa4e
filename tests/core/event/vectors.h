// The files of conformance vectors; tests/conformance/README.md describes them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "../../conformance/forms.h"

namespace candor::test {

inline std::string conformance_file(const std::string& name) {
  const std::string path = std::string(CANDOR_SOURCE_DIR "/tests/conformance/") + name;
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace candor::test
