#pragma once

#include <string>
#include <string_view>

namespace slipway::objects {

/// What Go says of a text that is no JSON, such as `invalid character 'x' after object key`; empty where it
/// finds no fault. Shows one letter of the text. Pure.
std::string JsonSyntaxFault(std::string_view text);

}  // namespace slipway::objects
