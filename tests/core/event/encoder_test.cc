#include "event/encoder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

namespace {
std::atomic<std::size_t> allocations{0};
}

// Counts for AllocatesNothing; the whole test program's allocations pass here.
[[gnu::noinline]] void* operator new(std::size_t n) {
  ++allocations;
  if (void* p = std::malloc(n)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(n);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }

namespace candor::event {
namespace {

using catalog::Type;

catalog::Field field(std::string name, Type type, bool optional = false) {
  catalog::Field made;
  made.name = std::move(name);
  made.optional = optional;
  made.shape.type = type;
  made.shape.max_length = 64;
  made.shape.count_max = 1000;
  return made;
}

catalog::Field container(std::string name, Type type, Type element) {
  catalog::Field made = field(std::move(name), type);
  made.shape.element.push_back(field("", element).shape);
  return made;
}

catalog::Event event(std::string name, std::vector<catalog::Field> fields) {
  catalog::Event made;
  made.name = std::move(name);
  made.fields = std::move(fields);
  return made;
}

Encoder encoder_of(std::vector<catalog::Event> events) {
  auto catalog = std::make_shared<catalog::Catalog>();
  catalog->events = std::move(events);
  return Encoder(catalog, "cpp", [](std::string_view) { return std::nullopt; });
}

Stamp stamp() {
  Stamp made;
  made.uuid.fill('0');
  return made;
}

std::string properties(const Buffer& bytes) {
  const std::string_view all = bytes.view();
  const std::size_t begin = all.find("\"properties\":") + 13;
  return std::string(all.substr(begin, all.size() - begin - 1));
}

TEST(Encoder, AllocatesNothingForAUsualEvent) {
  catalog::Field outcome = field("outcome", Type::enumeration);
  outcome.shape.values = {"ok", "error"};
  catalog::Field detail = field("detail", Type::string);
  detail.shape.klass = catalog::Class::diagnostic;
  const Encoder encoder = encoder_of({event(
      "done", {outcome, detail, field("text", Type::string), field("ms", Type::number),
               field("count", Type::integer), field("demo", Type::boolean),
               container("list", Type::array, Type::string),
               container("flags", Type::map, Type::boolean), field("none", Type::string, true)})});
  Buffer bytes;
  const std::size_t before = allocations;
  const Value list[] = {"a", "\"é😀"};
  const Field flags[] = {{"b", true}, {"a", false}};
  const Field fields[] = {{"demo", true},
                          {"outcome", "ok"},
                          {"detail", "no such file"},
                          {"text", "\n"},
                          {"ms", 25.123456789},
                          {"count", 12},
                          {"list", Value::array(list, 2)},
                          {"flags", Value::object(flags, 2)},
                          {"none", nullptr}};
  const Outcome outcome_of = encoder.encode(encoder.find("done"), fields, stamp(), bytes);
  const std::size_t after = allocations;
  EXPECT_TRUE(outcome_of) << outcome_of.field;
  EXPECT_EQ(after - before, 0u);
  EXPECT_GT(before, 0u);
}

TEST(Encoder, FindsEveryEventOfALargeCatalog) {
  std::vector<catalog::Event> events;
  for (std::size_t i = 0; i < catalog::kEventsMax; ++i) {
    events.push_back(event("phase_" + std::to_string(i) + "_completed", {}));
  }
  const Encoder encoder = encoder_of(events);
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(encoder.find(events[i].name), static_cast<int>(i));
  }
  for (const char* name :
       {"", "phase_", "phase_1_complete", "phase_1_completed ", "PHASE_1_COMPLETED"}) {
    EXPECT_EQ(encoder.find(name), -1) << name;
  }
  EXPECT_EQ(encoder.find(std::string(1 << 20, 'x')), -1);
  EXPECT_EQ(encoder_of({}).find("x"), -1);
}

TEST(Encoder, TakesAsManyFieldsAsACatalogMayHave) {
  std::vector<catalog::Field> members;
  for (std::size_t i = 0; i < catalog::kFieldsMax; ++i) {
    members.push_back(field("f" + std::to_string(i), Type::integer));
  }
  const Encoder encoder = encoder_of({event("wide", members)});
  std::vector<Field> fields;
  std::string expected;
  for (std::size_t i = 0; i < members.size(); ++i) {
    fields.insert(fields.begin(), Field{members[i].name, i});
    expected += (i == 0 ? "{\"" : ",\"") + members[i].name + "\":" + std::to_string(i);
  }
  Buffer bytes;
  EXPECT_TRUE(encoder.encode(0, fields, stamp(), bytes));
  EXPECT_EQ(properties(bytes), expected + "}");

  fields.push_back(fields.front());
  const Outcome twice = encoder.encode(0, fields, stamp(), bytes);
  EXPECT_EQ(twice.code, Code::duplicate_field);
  EXPECT_EQ(twice.field, fields.front().name);
}

TEST(Encoder, SortsMapsOfAnySize) {
  const Encoder encoder = encoder_of({event("bag", {container("m", Type::map, Type::integer)})});
  for (const std::size_t count : {127u, 128u, 129u, 1000u}) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(std::to_string(count - i + 10000));
    std::vector<Field> entries;
    std::string expected;
    for (std::size_t i = 0; i < count; ++i) {
      entries.push_back({keys[i], i});
      expected = ",\"" + keys[i] + "\":" + std::to_string(i) + expected;
    }
    const Field fields[] = {{"m", Value::object(entries.data(), entries.size())}};
    Buffer bytes;
    EXPECT_TRUE(encoder.encode(0, fields, stamp(), bytes));
    EXPECT_EQ(properties(bytes), "{\"m\":{" + expected.substr(1) + "}}");
  }
}

TEST(Encoder, LeavesWhatTheBufferHeld) {
  const Encoder encoder = encoder_of({event("e", {field("n", Type::integer)})});
  Buffer bytes;
  bytes.append("head");
  const Field good[] = {{"n", 1}}, bad[] = {{"n", "x"}};
  EXPECT_FALSE(encoder.encode(0, bad, stamp(), bytes));
  EXPECT_EQ(bytes.view(), "head");
  EXPECT_TRUE(encoder.encode(0, good, stamp(), bytes));
  EXPECT_TRUE(bytes.view().starts_with("head{\"event\":\"e\""));
}

TEST(Encoder, DoesNotReadTextThatNoEventCouldHold) {
  const Encoder encoder = encoder_of({event("e", {field("s", Type::string)})});
  Buffer bytes;
  const std::string large(Buffer::kBytesMax, '\xff'), larger(Buffer::kBytesMax + 1, '\xff');
  const Field read[] = {{"s", large}}, unread[] = {{"s", larger}};
  EXPECT_EQ(encoder.encode(0, read, stamp(), bytes).code, Code::invalid_utf8);
  EXPECT_EQ(encoder.encode(0, unread, stamp(), bytes).code, Code::too_long);
}

TEST(Encoder, ServesThreads) {
  const Encoder encoder = encoder_of({event(
      "e", {field("n", Type::integer), field("s", Type::string), field("x", Type::number)})});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        Buffer bytes;
        const Field fields[] = {{"n", i}, {"s", "a\"b"}, {"x", t + 0.5}};
        const bool accepted{encoder.encode(encoder.find("e"), fields, stamp(), bytes)};
        const std::string expected =
            "{\"n\":" + std::to_string(i) + ",\"s\":\"a\\\"b\",\"x\":" + std::to_string(t) + ".5}";
        wrong += !accepted || properties(bytes) != expected;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Buffer, GrowsToItsLimitAndNoFurther) {
  Buffer bytes;
  const std::string block(1000, 'x');
  while (bytes.size() + block.size() <= Buffer::kBytesMax) bytes.append(block);
  EXPECT_FALSE(bytes.overflowed());
  const std::size_t rest = Buffer::kBytesMax - bytes.size();
  bytes.append(std::string_view(block).substr(0, rest));
  EXPECT_EQ(bytes.size(), Buffer::kBytesMax);
  EXPECT_FALSE(bytes.overflowed());
  bytes.push('x');
  EXPECT_TRUE(bytes.overflowed());
  EXPECT_EQ(bytes.size(), Buffer::kBytesMax);
  EXPECT_EQ(bytes.reserve(SIZE_MAX), nullptr);
  bytes.clear();
  EXPECT_FALSE(bytes.overflowed());
  EXPECT_EQ(bytes.view(), "");
}

TEST(Names, AreStable) {
  EXPECT_EQ(name(Result::accepted), "accepted");
  EXPECT_EQ(name(Code::too_long), "too_long");
  EXPECT_EQ(name(Reason::spool_full), "spool_full");
  EXPECT_EQ(name(static_cast<Code>(200)), "unknown");
}

}  // namespace
}  // namespace candor::event
