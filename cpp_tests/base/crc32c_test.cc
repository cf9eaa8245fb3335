#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "support/seed.h"

namespace agentmemdb {
namespace {

uint32_t Crc(const std::string& bytes) { return Crc32c(0, bytes.data(), bytes.size()); }

// Bit by bit, from the polynomial: slow and plain.
uint32_t Plain(const unsigned char* data, size_t size) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
  }
  return ~crc;
}

TEST(Crc32c, GivesTheValuesOfRfc3720) {
  std::string ascending(32, '\0'), descending(32, '\0');
  std::iota(ascending.begin(), ascending.end(), '\0');
  std::iota(descending.rbegin(), descending.rend(), '\0');
  EXPECT_EQ(Crc(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc(descending), 0x113fdb5cu);
  EXPECT_EQ(Crc("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc(""), 0u);
}

TEST(Crc32c, EqualsThePlainComputationAtEveryLengthAndAlignment) {
  SCOPED_TRACE(SeedNote());
  Random random(TestSeed());
  std::vector<unsigned char> bytes(300);
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random.Next());
  for (size_t start = 0; start < 9; ++start) {
    for (size_t size = 0; start + size <= bytes.size(); ++size)
      ASSERT_EQ(Crc32c(0, bytes.data() + start, size), Plain(bytes.data() + start, size)) << start << " " << size;
  }
}

TEST(Crc32c, ExtendsOverPiecesAsOverTheWhole) {
  const std::string whole = "one checksum, however the bytes were handed over";
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    const uint32_t first = Crc32c(0, whole.data(), cut);
    EXPECT_EQ(Crc32c(first, whole.data() + cut, whole.size() - cut), Crc(whole));
  }
}

TEST(Checksum, TellsFieldsApartThatJoinToTheSameBytes) {
  const auto of = [](std::string_view a, std::string_view b) { return Checksum().Add(a).Add(b).value(); };
  EXPECT_NE(of("ab", "c"), of("a", "bc"));
  EXPECT_NE(of("abc", ""), of("", "abc"));
}

TEST(Checksum, TellsAnAbsentFieldFromAnEmptyOne) {
  EXPECT_NE(Checksum().AddAbsent().value(), Checksum().Add(std::string_view()).value());
}

TEST(Checksum, DependsOnTheOrderOfFields) {
  EXPECT_NE(Checksum().Add(1).Add(2).value(), Checksum().Add(2).Add(1).value());
}

}  // namespace
}  // namespace agentmemdb
