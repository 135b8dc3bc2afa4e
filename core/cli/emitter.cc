#include "emitter.h"

#include <string>
#include <utility>

#include "advice.h"
#include "base/text.h"
#include "platform/file.h"
#include "terminal.h"

namespace candor::cli {
namespace {

std::string place(std::size_t line) {
  return line == 0 ? std::string() : "line " + std::to_string(line) + ": ";
}

std::string sentence(const Outcome& outcome, std::string_view advice) {
  std::string text(name(outcome.result));
  text += ": ";
  text += outcome.result == Result::rejected ? name(outcome.code) : name(outcome.reason);
  std::string more = printable(outcome.field);
  if (!more.empty() && !advice.empty()) more += ", ";
  more += advice;
  if (!more.empty()) text += " (" + more + ')';
  return text;
}

// One line of JSON, as it grows.
class JsonLine {
 public:
  explicit JsonLine(std::size_t line) {
    if (line > 0) text_ += "\"line\":" + std::to_string(line);
  }
  JsonLine& add(std::string_view key, std::string_view value) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, key);
    text_ += ':';
    append_json_string(text_, value);
    return *this;
  }
  std::string finish() { return std::move(text_) + "}\n"; }

 private:
  std::string text_ = "{";
};

std::string to_json(const Outcome& outcome, std::size_t line, std::string_view bytes) {
  JsonLine json(line);
  json.add("result", name(outcome.result));
  if (outcome.result == Result::rejected) {
    json.add("code", name(outcome.code));
    if (!outcome.field.empty()) json.add("field", outcome.field);
  }
  if (outcome.result == Result::dropped) json.add("reason", name(outcome.reason));
  if (!outcome.uuid.empty()) json.add("uuid", outcome.uuid);
  if (!bytes.empty()) json.add("bytes", bytes);
  return json.finish();
}

}  // namespace

Emitter::Emitter(const EmitArgs& args, Options options) : args_(args) {
  if (args.dry_run) {
    // A client that captures has no identity and touches no file but the catalog.
    options.capture = [](std::string_view) {};
  }
  options.log = [this](std::string_view line) { told_ = line; };
  client_ = Client::open(std::move(options));
}

void Emitter::emit(const Request& request, std::size_t line) {
  std::string bytes;
  const Outcome outcome =
      args_.dry_run ? client_->encode(request.event, request.fields, bytes, request.options)
                    : client_->emit(request.event, request.fields, request.options);
  const bool told = outcome.result == Result::rejected && !args_.json;
  answer(outcome, request.event, line, bytes, told ? advise(request, outcome, line) : "");
}

// The client keeps its catalog to itself, so the first rejection reads it once more.
std::string Emitter::advise(const Request& request, const Outcome& outcome, std::size_t line) {
  if (!std::exchange(catalog_asked_, true)) {
    const auto text = file::read(args_.product.catalog, catalog::kCatalogBytesMax);
    if (text) catalog_ = catalog::load(*text).catalog;
  }
  if (!catalog_) return {};
  const bool typed = line == 0;
  return advice(*catalog_, request.event, typed ? request.fields : std::span<const Field>(),
                outcome);
}

void Emitter::reject(std::string_view event, Code code, std::string_view field, std::size_t line) {
  answer({.result = Result::rejected, .code = code, .field = std::string(field)}, event, line, {},
         {});
}

void Emitter::answer(const Outcome& outcome, std::string_view event, std::size_t line,
                     std::string_view bytes, std::string_view advice) {
  ++events_;
  if (outcome.result == Result::rejected) ++rejected_;
  if (outcome.result == Result::dropped) ++dropped_;
  if (outcome.result == Result::disabled) explain_disabled();
  if (args_.json) {
    out(to_json(outcome, line, bytes));
    return;
  }
  if (args_.dry_run && outcome) {
    out(std::string(bytes) + '\n');
  } else if (args_.verbose) {
    out(std::string(name(outcome.result)) + '\n');
  }
  if (!outcome.uuid.empty()) out(outcome.uuid + '\n');
  if (outcome.result == Result::rejected) {
    complain(place(line) + printable(event) + ' ' + sentence(outcome, advice));
  } else if (outcome.result == Result::dropped) {
    // The client says it once, and with what the disk answered.
    const std::string told = std::exchange(told_, {});
    told.empty() ? complain(place(line) + printable(event) + ' ' + sentence(outcome, {}))
                 : err(told + '\n');
  }
}

void Emitter::refuse(std::string_view why, std::size_t line) {
  ++events_;
  ++rejected_;
  if (args_.json) {
    out(JsonLine(line).add("result", "malformed").add("text", why).finish());
  } else {
    complain(place(line) + std::string(why));
  }
}

// Asked once, and only then: the status reads files, which most runs need not.
void Emitter::explain_disabled() {
  if (std::exchange(explained_, true)) return;
  const Status status = client_->status();
  broken_ = !status.problem.empty();
  if (broken_) {
    complain(status.problem);
  } else if (args_.verbose) {
    complain(status.explanation);
  }
}

int Emitter::finish() {
  client_->close();
  if (events_ > 1 && rejected_ + dropped_ > 0 && !args_.json) {
    complain("of " + counted(events_, "event") + ", " + std::to_string(rejected_) +
             " rejected and " + std::to_string(dropped_) + " dropped");
  }
  if (rejected_ > 0) return kUsage;
  return dropped_ > 0 || broken_ ? kFailed : kDone;
}

}  // namespace candor::cli
