// Whether arrays that came from a file are a segment: every number that is used as a place is looked at before it is.
#pragma once

#include "text/text_segment.h"

namespace agentmemdb {

// Linear. What is counted twice must agree: words and terms by the sequences, postings by the sequences of their texts.
bool IsSound(const SegmentArrays& arrays);

}  // namespace agentmemdb
