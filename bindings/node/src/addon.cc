// The native part of the Node package: what index.js builds on.
#include <napi.h>

#include "candor/outcome.h"
#include "candor/version.h"
#include "handle.h"
#include "unpack.h"

namespace candor::node {
namespace {

Napi::Object make_exports(Napi::Env env, Napi::Object to) {
  Napi::Object limits = Napi::Object::New(env);
  limits.Set("eventBytesMax", static_cast<double>(kEventBytesMax));
  limits.Set("fieldsMax", kFieldsMax);
  limits.Set("containerMax", kContainerMax);
  limits.Set("elementsMax", kElementsMax);
  limits.Set("depthMax", kDepthMax);
  to.Set("limits", limits);
  to.Set("version", kVersion);
  to.Set("Handle", Handle::define(env));
  return to;
}

NODE_API_MODULE(candor, make_exports)

}  // namespace
}  // namespace candor::node
