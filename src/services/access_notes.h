// SPDX-License-Identifier: Apache-2.0
// What an explanation cannot know of the call that it is about.
#pragma once
#include "services/access_inquiry.h"

namespace coffer::services {

// To what was told of an inquiry that has been answered: a sentence each.
void add_notes(Inquiry& inquiry);

}  // namespace coffer::services
