#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/base.hpp>
#include <boost/outcome/success_failure.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/error.hpp"

namespace slipway {

/// What happens to whoever asks a Result for what it does not hold: a failed assertion, so that a
/// planner which does so stops only the object that it plans for.
struct AssertOnWrongAccess : BOOST_OUTCOME_V2_NAMESPACE::policy::base {
  template <typename Impl>
  static constexpr void wide_value_check(Impl&& self) {
    SLIPWAY_ASSERT(base::_has_value(self),
                   "the value of an error was asked for: " + base::_error(self).message);
  }
  template <typename Impl>
  static constexpr void wide_error_check(Impl&& self) {
    SLIPWAY_ASSERT(base::_has_error(self), "the error of a value was asked for");
  }
};

/// A value or an Error. Boost.Outcome underneath; no other header names it. `result.has_value()`,
/// `result.value()`, `result.error()`; asking for the wrong one is a failed assertion.
template <typename T>
using Result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error, AssertOnWrongAccess>;

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
