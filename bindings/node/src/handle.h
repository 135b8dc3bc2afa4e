// A client as index.js holds it. Converts, calls, maps; the manners are in index.js.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "candor/client.h"
#include "instance.h"

namespace candor::node {

// What the core says through callbacks, until JavaScript asks for it: no JavaScript runs while
// the core does.
class Heard {
 public:
  void add(std::string_view text);
  [[nodiscard]] Napi::Array take(Napi::Env env);

 private:
  std::mutex mutex_;
  std::vector<std::string> texts_;
};

class Handle : public Napi::ObjectWrap<Handle> {
 public:
  static Napi::Function define(Napi::Env env);

  // (options, environment, room, names, {capture, log}): `room` is the bytes that emit reads when
  // it is given none, `names` those that calls refer to.
  explicit Handle(const Napi::CallbackInfo& info);
  ~Handle() override;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 private:
  // emit(size, bytes = room): the event packed in the first `size` bytes. Answers 0 accepted,
  // 1 disabled, 2 anything else, which `outcome` tells. A plain function of Node-API, because the
  // wrapper's would cost as much as the core does.
  static napi_value emit(napi_env env, napi_callback_info info) noexcept;

  // encode(size, bytes): the event's bytes; null when there are none, and `outcome` tells why.
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value outcome(const Napi::CallbackInfo& info);
  Napi::Value flush(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  Napi::Value status(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value choose(const Napi::CallbackInfo& info);
  Napi::Value project_id(const Napi::CallbackInfo& info);
  Napi::Value first_run(const Napi::CallbackInfo& info);
  Napi::Value take_lines(const Napi::CallbackInfo& info);
  Napi::Value take_captured(const Napi::CallbackInfo& info);

  std::shared_ptr<Instance> instance_;
  std::shared_ptr<Heard> lines_ = std::make_shared<Heard>();
  std::shared_ptr<Heard> captured_ = std::make_shared<Heard>();
  std::shared_ptr<Client> client_;
  // JavaScript keeps the bytes as long as any handle.
  std::span<const std::byte> room_, names_;
  Outcome last_;
};

}  // namespace candor::node
