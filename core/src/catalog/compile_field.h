// Fields and what their values must look like: of events, of objects, of the envelope.
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/document.h"
#include "catalog/keys.h"
#include "catalog/report.h"

namespace candor::catalog {

// Reports a name that is no `[a-z][a-z0-9_]*` (an event's) or
// `[A-Za-z][A-Za-z0-9_]*` (a field's), is too long or reserved.
void check_name(const Node& node, bool is_event, Report& report);

// One field, in a `place` of keys.h. False when it is no object, which has been reported.
[[nodiscard]] bool compile_field(const Document& document, const Node& node, std::uint8_t place,
                                 Report& report, Field& out);
// All members of `fields`, up to kFieldsMax.
void compile_fields(const Document& document, const Node& fields, Report& report,
                    std::vector<Field>& out);
void compile_envelope(const Document& document, const Node& envelope, Report& report,
                      std::vector<EnvelopeField>& out);

}  // namespace candor::catalog
