#include <algorithm>
#include <charconv>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "tests/fuzz/target.hpp"

// Tries a target with inputs that a seed makes out of those of a folder, where there is no libFuzzer:
//   fuzz_TARGET FOLDER [COUNT [SEED]]   COUNT inputs
//   fuzz_TARGET FILE                    this one

namespace slipway::fuzz {
namespace {

constexpr std::size_t kMaxBytes = 4096;

std::string Contents(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

std::vector<std::string> SeedsOf(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".md") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    seeds.push_back(Contents(file));
  }
  return seeds;
}

std::size_t Place(Rng& rng, const std::string& text) { return rng.Below(text.size() + 1); }

/// One step away from `text`; `others` lend their parts.
void Change(Rng& rng, std::string& text, const std::vector<std::string>& others) {
  static const std::vector<std::string> kPieces = {"\"",
                                                   "\\",
                                                   "{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   "null",
                                                   "0",
                                                   "-1",
                                                   "9223372036854775807",
                                                   "1e309",
                                                   "%00",
                                                   "%",
                                                   "~1",
                                                   "~0",
                                                   "/-",
                                                   "\n",
                                                   "\\u0000",
                                                   "&",
                                                   "=",
                                                   "!=",
                                                   ",",
                                                   "(",
                                                   ")",
                                                   " in ",
                                                   "\xff",
                                                   std::string(1, '\0')};
  const std::size_t at = Place(rng, text);
  switch (rng.Below(6)) {
    case 0:
      text.insert(at, kPieces[rng.Below(kPieces.size())]);
      return;
    case 1:
      text.erase(at, 1 + rng.Below(8));
      return;
    case 2:
      if (at < text.size()) {
        text[at] = static_cast<char>(rng.Below(256));
      }
      return;
    case 3:
      if (at < text.size()) {
        text[at] = static_cast<char>(text[at] ^ (1 << rng.Below(8)));
      }
      return;
    case 4: {
      const std::string& other = others[rng.Below(others.size())];
      const std::size_t from = Place(rng, other);
      text.insert(at, other, from, rng.Below(64));
      return;
    }
    default:
      text.insert(at, text, Place(rng, text), rng.Below(64));
      return;
  }
}

std::string InputOf(std::uint64_t seed, const std::vector<std::string>& seeds) {
  Rng rng(seed);
  std::string text = seeds[rng.Below(seeds.size())];
  for (std::uint64_t steps = rng.Below(8); steps > 0; --steps) {
    Change(rng, text, seeds);
  }
  text.resize(std::min(text.size(), kMaxBytes));
  return text;
}

std::uint64_t NumberIn(const char* text) {
  std::uint64_t number = 0;
  std::from_chars(text, text + std::strlen(text), number);
  return number;
}

bool Survives(const std::string& input, const std::string& replay) {
  const GuardedScope scope;
  try {
    TryBytes(input);
    return true;
  } catch (const std::exception& fault) {
    std::cerr << fault.what() << "\nreplay: " << replay << "\n";
    return false;
  }
}

int Run(int count, char** arguments) {
  const std::string program = arguments[0];
  if (count < 2) {
    std::cerr << "usage: " << program << " FOLDER [COUNT [SEED]] | FILE\n";
    return 2;
  }
  const std::string where = arguments[1];
  if (!std::filesystem::is_directory(where)) {
    return Survives(Contents(where), program + " " + where) ? 0 : 1;
  }
  const auto seeds = SeedsOf(where);
  const std::uint64_t inputs = count > 2 ? NumberIn(arguments[2]) : 300'000;
  const std::uint64_t first = count > 3 ? NumberIn(arguments[3]) : 1;
  for (const std::string& seed : seeds) {
    if (!Survives(seed, program + " " + where + " 0")) {
      return 1;
    }
  }
  for (std::uint64_t seed = first; seed < first + inputs; ++seed) {
    const std::string replay = program + " " + where + " 1 " + std::to_string(seed);
    if (!Survives(InputOf(seed, seeds), replay)) {
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace slipway::fuzz

int main(int count, char** arguments) { return slipway::fuzz::Run(count, arguments); }
