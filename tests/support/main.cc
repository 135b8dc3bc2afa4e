// The main function of the C++ tests: removes what could decide about telemetry from the
// environment.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

std::vector<std::string> kept_variables() {
  std::vector<std::string> kept;
  std::ifstream file(CANDOR_SOURCE_DIR "/tests/support/kept_variables.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') kept.push_back(line);
  }
  return kept;
}

bool is_kept(std::string_view name, const std::vector<std::string>& kept) {
  for (std::string_view pattern : kept) {
    const bool prefix = pattern.ends_with('*');
    if (prefix) pattern.remove_suffix(1);
    if (prefix ? name.starts_with(pattern) : name == pattern) return true;
  }
  return false;
}

void clear_environment(const std::vector<std::string>& kept) {
  std::vector<std::string> removed;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (!is_kept(name, kept)) removed.emplace_back(name);
  }
  for (const std::string& name : removed) ::unsetenv(name.c_str());
}

// Removes also what an earlier test of the same program has set.
class CleanEnvironment : public testing::EmptyTestEventListener {
 public:
  explicit CleanEnvironment(std::vector<std::string> kept) : kept_(std::move(kept)) {}
  void OnTestStart(const testing::TestInfo&) override { clear_environment(kept_); }

 private:
  std::vector<std::string> kept_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  std::vector<std::string> kept = kept_variables();
  if (kept.empty()) {
    std::cerr << "tests/support/kept_variables.txt can't be read\n";
    return 1;
  }
  // The list of listeners owns it.
  testing::UnitTest::GetInstance()->listeners().Append(new CleanEnvironment(std::move(kept)));
  return RUN_ALL_TESTS();
}
