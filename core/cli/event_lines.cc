#include "event_lines.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json_text.h"
#include "terminal.h"
#include "time_text.h"

namespace candor::cli {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

enum class Member { good, wrong_type, unknown };

template <typename Text>
bool take_text(const Value& value, Text& to) {
  if (value.kind() != Value::Kind::string) return false;
  to = value.string();
  return true;
}

bool take_time(const Value& value, std::optional<std::int64_t>& to) {
  to.reset();
  if (value.kind() == Value::Kind::integer) to = value.integer();
  if (value.kind() == Value::Kind::string) to = parse_time(value.string());
  return to.has_value();
}

bool take_fields(const Value& value, std::span<const Field>& to) {
  if (value.kind() != Value::Kind::object) return false;
  to = {value.fields(), value.size()};
  return true;
}

// Puts one member of a line into the request. Null is the same as absent.
Member take_member(const Field& member, Request& request) {
  const auto [name, value] = member;
  const bool absent = value.kind() == Value::Kind::null;
  const auto done = [absent](bool good) {
    return absent || good ? Member::good : Member::wrong_type;
  };
  if (name == "event") return take_text(value, request.event) ? Member::good : Member::wrong_type;
  if (name == "fields") return done(take_fields(value, request.fields));
  if (name == "timestamp") return done(take_time(value, request.options.timestamp_ms));
  if (name == "uuid") return done(take_text(value, request.options.uuid));
  if (name == "distinct_id") return done(take_text(value, request.options.distinct_id));
  if (name == "project_dir") return done(take_text(value, request.options.project_dir));
  if (name == "project_id") return done(take_text(value, request.options.project_id));
  return Member::unknown;
}

void emit_line(std::string_view text, std::size_t line, const EmitOptions& defaults, JsonText& json,
               Emitter& emitter) {
  const auto parsed = json.parse(text);
  if (!parsed) return emitter.refuse("not JSON: " + parsed.error().text, line);
  if (parsed->kind() != Value::Kind::object) return emitter.refuse("not a JSON object", line);
  Request request{.event = {}, .fields = {}, .options = defaults};
  std::string_view wrong;
  bool named = false;
  for (const Field& member : std::span(parsed->fields(), parsed->size())) {
    switch (take_member(member, request)) {
      case Member::good: break;
      case Member::wrong_type: wrong = member.name; break;
      case Member::unknown:
        return emitter.refuse("unknown member \"" + printable(member.name) +
                                  "\"; what the event says goes into \"fields\"",
                              line);
    }
    named = named || member.name == "event";
  }
  if (!named) return emitter.refuse("no \"event\"", line);
  if (!wrong.empty()) return emitter.reject(request.event, Code::wrong_type, wrong, line);
  emitter.emit(request, line);
}

// Puts lines together from what read() gives.
class Lines {
 public:
  // Calls each(text, overlong) for every line that `chunk` ends.
  template <typename Each>
  void feed(std::string_view chunk, Each each) {
    for (std::size_t end; (end = chunk.find('\n')) != std::string_view::npos;
         chunk.remove_prefix(end + 1)) {
      add(chunk.substr(0, end));
      finish(each);
    }
    add(chunk);
  }
  // The last line may lack its newline.
  template <typename Each>
  void finish(Each each) {
    each(std::string_view(line_), overlong_);
    line_.clear();
    overlong_ = false;
  }

 private:
  void add(std::string_view text) {
    overlong_ = overlong_ || line_.size() + text.size() > kLineBytesMax;
    if (overlong_) {
      line_.clear();
    } else {
      line_ += text;
    }
  }

  std::string line_;
  bool overlong_ = false;
};

}  // namespace

int emit_lines(Emitter& emitter, const EmitOptions& defaults) {
  JsonText json;
  std::size_t number = 0;
  const auto each = [&](std::string_view text, bool overlong) {
    ++number;
    if (overlong) {
      emitter.reject("event", Code::too_large, "", number);
    } else if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
      emit_line(text, number, defaults, json, emitter);
    }
  };
  Lines lines;
  std::string chunk(kReadBytes, '\0');
  bool failed = false;
  for (;;) {
    failed = !flush_out();
    if (failed) break;
    const ssize_t n = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) complain(std::string("standard input: ") + std::strerror(errno));
    failed = n < 0;
    if (n <= 0) break;
    lines.feed(std::string_view(chunk.data(), static_cast<std::size_t>(n)), each);
  }
  lines.finish(each);
  const int exit = emitter.finish();
  return exit == kDone && failed ? kFailed : exit;
}

}  // namespace candor::cli
