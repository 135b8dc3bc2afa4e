#include "handle.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>

#include "options.h"
#include "unpack.h"

namespace candor::node {
namespace {

std::span<const std::byte> bytes_of(napi_env env, napi_value value) noexcept {
  void* data = nullptr;
  std::size_t size = 0;
  if (napi_get_buffer_info(env, value, &data, &size) != napi_ok) return {};
  return {static_cast<const std::byte*>(data), size};
}

std::chrono::milliseconds to_milliseconds(const Napi::Value& value) {
  constexpr double kMost = std::numeric_limits<std::int32_t>::max();
  const double ms = value.As<Napi::Number>();
  if (!(ms > 0)) return std::chrono::milliseconds{0};  // not a number, too
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(ms, kMost))};
}

Napi::Value to_object(Napi::Env env, const Status& status) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("enabled", status.enabled);
  object.Set("rule", status.rule);
  object.Set("explanation", status.explanation);
  object.Set("installId", status.install_id);
  object.Set("identityFile", status.identity_file);
  object.Set("spoolDir", status.spool_dir);
  object.Set("endpoint", status.endpoint);
  object.Set("endpointInsecure", status.endpoint_insecure);
  object.Set("noticeShown", status.notice_shown);
  object.Set("upload", status.upload);
  object.Set("problem", status.problem);
  object.Freeze();
  return object;
}

Napi::Object to_object(Napi::Env env, const Counts& counts) {
  Napi::Object dropped = Napi::Object::New(env);
  for (const OutcomeRow& row : kOutcomes) {
    const std::uint64_t n = counts.by_number[row.number];
    if (row.kind != OutcomeKind::state && n != 0) {
      dropped.Set(std::string(row.name), static_cast<double>(n));
    }
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("captured", static_cast<double>(counts.captured()));
  object.Set("delivered", static_cast<double>(counts.delivered()));
  object.Set("pending", static_cast<double>(counts.pending()));
  object.Set("dropped", dropped);
  return object;
}

Napi::Object to_object(Napi::Env env, const Ledger& ledger) {
  Napi::Object events = Napi::Object::New(env);
  for (const auto& [event, counts] : ledger.events) {
    // A property of its own, whatever the event is called: Set would take "__proto__" as an order.
    events.DefineProperty(Napi::PropertyDescriptor::Value(
        Napi::String::New(env, event), to_object(env, counts), napi_default_jsproperty));
  }
  Napi::Object spool = Napi::Object::New(env);
  spool.Set("bytes", static_cast<double>(ledger.spool.bytes));
  spool.Set("segments", static_cast<double>(ledger.spool.segments));
  Napi::Object object = Napi::Object::New(env);
  object.Set("events", events);
  object.Set("total", to_object(env, ledger.total));
  object.Set("spool", spool);
  return object;
}

Napi::Value to_object(Napi::Env env, const FlushResult& result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("complete", result.complete);
  object.Set("delivered", static_cast<double>(result.delivered));
  object.Set("refused", static_cast<double>(result.refused));
  object.Set("waiting", static_cast<double>(result.waiting));
  object.Set("why", result.why);
  object.Freeze();
  return object;
}

}  // namespace

void Heard::add(std::string_view text) {
  const std::lock_guard lock(mutex_);
  texts_.emplace_back(text);
}

Napi::Array Heard::take(Napi::Env env) {
  std::vector<std::string> texts;
  {
    const std::lock_guard lock(mutex_);
    texts.swap(texts_);
  }
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (std::uint32_t i = 0; i < texts.size(); ++i) array.Set(i, texts[i]);
  return array;
}

Napi::Function Handle::define(Napi::Env env) {
  const napi_property_descriptor emit = {"emit",  nullptr, &Handle::emit, nullptr,
                                         nullptr, nullptr, napi_default,  nullptr};
  return DefineClass(env, "Handle",
                     {
                         emit,
                         InstanceMethod("encode", &Handle::encode),
                         InstanceMethod("outcome", &Handle::outcome),
                         InstanceMethod("flush", &Handle::flush),
                         InstanceMethod("close", &Handle::close),
                         InstanceMethod("status", &Handle::status),
                         InstanceMethod("stats", &Handle::stats),
                         InstanceMethod("choose", &Handle::choose),
                         InstanceMethod("projectId", &Handle::project_id),
                         InstanceMethod("firstRun", &Handle::first_run),
                         InstanceMethod("takeLines", &Handle::take_lines),
                         InstanceMethod("takeCaptured", &Handle::take_captured),
                     });
}

Handle::Handle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Handle>(info), instance_(Instance::of(info.Env())) {
  Options options = read_options(info[0].As<Napi::Object>());
  options.environment = read_environment(info[1].As<Napi::Object>());
  room_ = bytes_of(info.Env(), info[2]);
  names_ = bytes_of(info.Env(), info[3]);
  const auto hear = info[4].As<Napi::Object>();
  if (hear.Get("capture").ToBoolean()) {
    // The event and the project hold no line end; the distinct id may.
    options.capture_sender = [heard = captured_](std::string_view event,
                                                 std::string_view distinct_id,
                                                 std::string_view project) {
      std::string text(project);
      heard->add(text.append("\n").append(event).append("\n").append(distinct_id));
    };
  }
  if (hear.Get("log").ToBoolean()) {
    options.log = [heard = lines_](std::string_view line) { heard->add(line); };
  }
  client_ = Client::open(std::move(options));
  instance_->add(client_);
}

Handle::~Handle() {
  if (client_) instance_->remove(client_);
}

napi_value Handle::emit(napi_env env, napi_callback_info info) noexcept {
  std::size_t count = 2;
  napi_value arguments[2] = {};
  napi_value self = nullptr;
  void* wrapped = nullptr;
  std::uint32_t size = 0;
  napi_value answer = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok ||
      napi_unwrap(env, self, &wrapped) != napi_ok ||
      napi_get_value_uint32(env, arguments[0], &size) != napi_ok) {
    return nullptr;
  }
  auto& handle = *static_cast<Handle*>(wrapped);
  const auto bytes = count > 1 ? bytes_of(env, arguments[1]) : handle.room_;
  const Call call(bytes.first(std::min<std::size_t>(size, bytes.size())), handle.names_);
  Outcome outcome = handle.client_->emit(call.event, call.fields(), call.options);
  static_assert(static_cast<int>(Result::accepted) == 0 && static_cast<int>(Result::disabled) == 1);
  const bool plain = outcome.result == Result::disabled ||
                     (outcome.result == Result::accepted && outcome.uuid.empty());
  if (!plain) handle.last_ = std::move(outcome);
  napi_create_uint32(env, plain ? static_cast<std::uint32_t>(outcome.result) : 2, &answer);
  return answer;
}

Napi::Value Handle::encode(const Napi::CallbackInfo& info) {
  const auto bytes = bytes_of(info.Env(), info[1]);
  const std::uint32_t size = info[0].As<Napi::Number>();
  const Call call(bytes.first(std::min<std::size_t>(size, bytes.size())), names_);
  std::string encoded;
  last_ = client_->encode(call.event, call.fields(), encoded, call.options);
  if (!last_) return info.Env().Null();
  return Napi::Buffer<char>::Copy(info.Env(), encoded.data(), encoded.size());
}

Napi::Value Handle::outcome(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("result", std::string(name(last_.result)));
  if (!last_.uuid.empty()) object.Set("uuid", last_.uuid);
  if (last_.result == Result::rejected) {
    object.Set("code", std::string(name(last_.code)));
    object.Set("field", last_.field);
  } else if (last_.result == Result::dropped) {
    object.Set("reason", std::string(name(last_.reason)));
  }
  object.Freeze();
  return object;
}

Napi::Value Handle::flush(const Napi::CallbackInfo& info) {
  const auto timeout = to_milliseconds(info[0]);
  const auto answer = [](FlushResult result) -> Instance::Answer {
    return [result = std::move(result)](Napi::Env env) { return to_object(env, result); };
  };
  return instance_->later(
      info.Env(), Instance::Lane::own, client_,
      [timeout, answer](Client& client) { return answer(client.flush(timeout)); },
      answer(FlushResult{.why = "the client is closed"}));
}

void Handle::close(const Napi::CallbackInfo&) { client_->close(); }

Napi::Value Handle::status(const Napi::CallbackInfo& info) {
  return to_object(info.Env(), client_->status());
}

Napi::Value Handle::stats(const Napi::CallbackInfo& info) {
  const auto work = [](Client& client) -> Instance::Answer {
    return
        [ledger = client.stats()](Napi::Env env) -> Napi::Value { return to_object(env, ledger); };
  };
  return instance_->later(info.Env(), Instance::Lane::queued, client_, work,
                          [work, client = client_](Napi::Env env) { return work(*client)(env); });
}

Napi::Value Handle::choose(const Napi::CallbackInfo& info) {
  const auto work = [enabled = info[0].ToBoolean().Value()](Client& client) -> Instance::Answer {
    return [status = enabled ? client.enable() : client.disable()](Napi::Env env) {
      return to_object(env, status);
    };
  };
  return instance_->later(info.Env(), Instance::Lane::must, client_, work,
                          [work, client = client_](Napi::Env env) { return work(*client)(env); });
}

Napi::Value Handle::project_id(const Napi::CallbackInfo& info) {
  const std::string directory = info[0].As<Napi::String>();
  return Napi::String::New(info.Env(), client_->project_id(directory));
}

Napi::Value Handle::first_run(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), client_->first_run());
}

Napi::Value Handle::take_lines(const Napi::CallbackInfo& info) { return lines_->take(info.Env()); }

Napi::Value Handle::take_captured(const Napi::CallbackInfo& info) {
  return captured_->take(info.Env());
}

}  // namespace candor::node
