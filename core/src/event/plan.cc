#include "event/plan.h"

#include <limits>

#include "base/text.h"

namespace candor::event {

Node compile(const catalog::Shape& shape) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Node node{};
  node.type = shape.type;
  node.pattern = shape.pattern;
  node.diagnostic = shape.klass == catalog::Class::diagnostic;
  node.length_max = shape.max_length;
  node.count_min = shape.count_min;
  node.count_max = shape.count_max;
  node.int_min = shape.int_min;
  node.int_max = shape.int_max;
  node.num_min = shape.has_num_min ? shape.num_min : -kInfinity;
  node.num_max = shape.has_num_max ? shape.num_max : kInfinity;
  for (const std::string& value : shape.values) {
    Choice& choice = node.choices.emplace_back(Choice{value, {}});
    append_json_string(choice.json, value);
  }
  for (const catalog::Shape& element : shape.element) { node.element.push_back(compile(element)); }
  node.members = compile(shape.fields);
  return node;
}

std::vector<Member> compile(const std::vector<catalog::Field>& fields) {
  std::vector<Member> members;
  members.reserve(fields.size());
  for (const catalog::Field& field : fields) {
    members.push_back({",\"" + field.name + "\":", field.optional, compile(field.shape)});
  }
  return members;
}

}  // namespace candor::event
