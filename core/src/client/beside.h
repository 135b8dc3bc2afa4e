// Finds files that are installed with this code.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace candor::client {

// Candidate paths for `name` under the directory of the file that holds this code (the program, or
// a shared library or Python module): the directory itself, then each of `places`; and last
// `installed`, the directory that candor was built to be installed in.
[[nodiscard]] std::vector<std::string> beside_this_code(const std::string& name,
                                                        std::initializer_list<const char*> places,
                                                        const char* installed);

// Keeps the library that this code is in from being unloaded: a thread is left behind in it.
void keep_this_code() noexcept;

}  // namespace candor::client
