#include "src/objects/json_path.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace slipway::objects {
namespace {

using Json = nlohmann::json;

struct Step {
  enum class Form { kField, kIndex, kAll, kFilter, kLength } form;
  std::string name;   ///< of the field, also of the filter's
  std::string value;  ///< that the filter wants
  std::size_t index = 0;
};

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

std::string TakeName(std::string_view& text) {
  std::string name;
  while (!text.empty() && text.front() != '.' && text.front() != '[' && text.front() != '=') {
    if (text.front() == '\\' && text.size() > 1) {
      text.remove_prefix(1);
    }
    name += text.front();
    text.remove_prefix(1);
  }
  return name;
}

/// What follows `[`.
std::optional<Step> TakeBracket(std::string_view& text) {
  if (Take(text, "*]")) {
    return Step{Step::Form::kAll, {}, {}};
  }
  if (Take(text, "?(@.")) {
    Step step{Step::Form::kFilter, TakeName(text), {}};
    const std::size_t quote = Take(text, "==\"") ? text.find('"') : std::string_view::npos;
    if (quote == std::string_view::npos) {
      return std::nullopt;
    }
    step.value = text.substr(0, quote);
    text.remove_prefix(quote + 1);
    return Take(text, ")]") ? std::optional(step) : std::nullopt;
  }
  Step step{Step::Form::kIndex, {}, {}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 9) {
    return std::nullopt;
  }
  step.index = std::stoul(std::string(text.substr(0, digits)));
  text.remove_prefix(digits);
  return Take(text, "]") ? std::optional(step) : std::nullopt;
}

std::optional<std::vector<Step>> ParsePath(std::string_view text) {
  std::vector<Step> steps;
  while (!text.empty()) {
    std::optional<Step> step;
    if (text == ".length()") {
      text = {};
      step = Step{Step::Form::kLength, {}, {}};
    } else if (Take(text, "[")) {
      step = TakeBracket(text);
    } else if (Take(text, ".")) {
      step = Step{Step::Form::kField, TakeName(text), {}};
    }
    if (!step || (step->form == Step::Form::kField && step->name.empty())) {
      return std::nullopt;
    }
    steps.push_back(std::move(*step));
  }
  return steps.empty() ? std::nullopt : std::optional(steps);
}

void Follow(const Step& step, const Json& value, std::vector<Json>& found) {
  switch (step.form) {
    case Step::Form::kField:
      if (value.is_object() && value.contains(step.name)) {
        found.push_back(value[step.name]);
      }
      return;
    case Step::Form::kIndex:
      if (value.is_array() && step.index < value.size()) {
        found.push_back(value[step.index]);
      }
      return;
    case Step::Form::kAll:
      if (value.is_structured()) {
        found.insert(found.end(), value.begin(), value.end());
      }
      return;
    case Step::Form::kFilter:
      for (const Json& item : value.is_array() ? value : Json::array()) {
        if (item.is_object() && item.contains(step.name) && item[step.name] == step.value) {
          found.push_back(item);
        }
      }
      return;
    case Step::Form::kLength:
      if (value.is_structured()) {
        found.push_back(value.size());
      }
      return;
  }
}

}  // namespace

bool IsPath(std::string_view path) { return ParsePath(path).has_value(); }

std::vector<Json> EvaluatePath(const Json& object, std::string_view path) {
  const auto steps = ParsePath(path);
  if (!steps) {
    return {};
  }
  std::vector<Json> values = {object};
  for (const Step& step : *steps) {
    std::vector<Json> found;
    for (const Json& value : values) {
      Follow(step, value, found);
    }
    values = std::move(found);
  }
  return values;
}

}  // namespace slipway::objects
