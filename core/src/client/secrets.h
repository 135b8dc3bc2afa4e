// The secrets that a host gives when it opens a client.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/log.h"
#include "redact/literals.h"

namespace candor::client {

// Those that can be looked for, ready to be; null when there are none. The log hears of each other
// by its place in the list.
[[nodiscard]] std::shared_ptr<const redact::Literals> literals(
    const std::vector<std::string>& secrets, const Log& log);

}  // namespace candor::client
