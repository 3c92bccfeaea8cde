#pragma once

#include <string>
#include <string_view>

// Rules about names that more than one folder needs. Pure and thread-safe.
namespace slipway::api {

/// The name of a static server that has only an address: the address in lower case, every character
/// outside a-z, 0-9 and - replaced by -, without dashes at either end. Empty where nothing is left.
std::string NameFromAddress(std::string_view address);

/// The name of the server of a machine whose own name may be taken again, but whose id never is: "Web_1" and 42 become web-1-42. Capital
/// letters become small, whatever a name of a server may not hold becomes -, and what is longer than 63 characters loses the end of the
/// machine's name; where nothing is left of that, it is the id. Empty where the id gives no name: it is empty, longer than 40
/// characters, holds something else than a-z, 0-9 and -, or has a - at an end.
std::string NameOfMachine(std::string_view name, std::string_view id);

/// Whether it is a UUID in lower case, as 9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c11.
bool IsUuid(std::string_view text);

}  // namespace slipway::api
