// Filling the keyword index of a collection from its records.
#pragma once

#include "base/cancel.h"
#include "engine/read.h"

namespace agentmemdb {

// Of one piece of learning: some tens of milliseconds on two cores, which writers wait for. Smaller ones have more words to sort and more to merge, all together.
constexpr size_t kTextsLearntAtOnce = 8000;

// Learns the records that the index does not know, or `most` of them. Returns whether there are more. A record that fails its check counts as one
// without text; verify() tells.
// Errors: kIo, kAborted, kTimeout, kLimit (memory).
Result<bool> LearnTexts(const ReadView& view, const Collection& collection, size_t most, const CancelToken& cancel);

}  // namespace agentmemdb
