#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/success_failure.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <utility>

#include "reconciler/base/error.hpp"

namespace slipway {

/// A value or an Error. Boost.Outcome underneath; no other header names it. `result.has_value()`,
/// `result.value()`, `result.error()`; asking for the wrong one terminates.
template <typename T>
using Result =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error,
                                             BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// What a function that returns Result<void> returns when all went well.
inline auto Ok() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

/// `return Fail(Code::kNotFound, "…")` from any function that returns a Result.
inline Error Fail(Code code, std::string message) {
  return Error{.code = code, .message = std::move(message)};
}

}  // namespace slipway

/// `SLIPWAY_TRY(value, Function());` declares `value` and goes on with the value or returns the
/// error. `SLIPWAY_TRYV(Function())` where there is none. The CO_ forms are for coroutines.
#define SLIPWAY_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
#define SLIPWAY_TRYV(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
#define SLIPWAY_CO_TRY(...) BOOST_OUTCOME_CO_TRY(__VA_ARGS__)
#define SLIPWAY_CO_TRYV(...) BOOST_OUTCOME_CO_TRYV(__VA_ARGS__)
