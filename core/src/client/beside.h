// Finds the upload library and the program, which are installed with this code.
#pragma once

#include <string>
#include <vector>

namespace candor::client {

// Candidate paths for `name`, in order: the directory of the file that holds this code (the
// program, or a shared library or Python module); `sibling` of that directory, "lib" or "bin", as
// in PREFIX/bin and PREFIX/lib; `installed`, the directory that candor was built to be installed
// in.
//
// A path is a candidate only if the file, its directory and (for a sibling) the directory above
// belong to root, to this user or to the owner of this code, and nobody else may write to them.
// A privileged process does not accept a group that may, either, unless root is the owner. The
// modes say nothing where everybody may write to the file that holds this code.
[[nodiscard]] std::vector<std::string> beside_this_code(const std::string& name,
                                                        const std::string& sibling,
                                                        const std::string& installed);

// Keeps the library that this code is in from being unloaded: a thread is left behind in it.
void keep_this_code() noexcept;

}  // namespace candor::client
