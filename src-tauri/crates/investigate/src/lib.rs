//! The case: who asks, who argues, who concludes
