#pragma once

namespace slipway {

/// One callable out of several, for std::visit: Overloaded{[](const A&) {…}, [](const B&) {…}}.
template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace slipway
