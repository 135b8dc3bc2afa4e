// What a web address says of itself.
#pragma once

#include <string>
#include <string_view>

namespace candor {

// The address with *** for what may be secret in it: user and password, query, fragment.
[[nodiscard]] std::string masked_url(std::string_view url);

// Whether it is exactly http or https, "://", user and password if any, host, and what follows. Of
// any other, libraries disagree about the host; so they do where "@" stands behind it.
[[nodiscard]] bool is_web_address(std::string_view url) noexcept;

// This machine: localhost, 127.0.0.0/8 or [::1].
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

// Whether what is sent there can be read on its way: plain http to another machine.
[[nodiscard]] bool is_readable_on_its_way(std::string_view url) noexcept;

}  // namespace candor
