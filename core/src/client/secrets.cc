#include "client/secrets.h"

namespace candor::client {
namespace {

using redact::Literals;

std::string why(Literals::Refusal refusal) {
  switch (refusal) {
    case Literals::Refusal::none: break;
    case Literals::Refusal::too_short:
      return "it has fewer than " + std::to_string(Literals::kBytesMin) + " bytes";
    case Literals::Refusal::too_long:
      return "it has more than " + std::to_string(Literals::kBytesMax) + " bytes";
    case Literals::Refusal::too_many:
      return "there are more than " + std::to_string(Literals::kCountMax);
    case Literals::Refusal::not_utf8: return "it is not UTF-8";
    case Literals::Refusal::own_mark: return "redaction writes it itself";
  }
  return {};
}

}  // namespace

std::shared_ptr<const Literals> literals(const std::vector<std::string>& secrets, const Log& log) {
  if (secrets.empty()) return nullptr;
  auto made = std::make_shared<Literals>();
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    const Literals::Refusal refusal = made->add(secrets[i]);
    if (refusal == Literals::Refusal::none) continue;
    log.say("candor: secret " + std::to_string(i + 1) + " of " + std::to_string(secrets.size()) +
            " is not taken out of diagnostic text: " + why(refusal));
  }
  if (made->empty()) return nullptr;
  made->prepare();
  return made;
}

}  // namespace candor::client
