locals {
  qualified = "${var.project}-${var.environment}-${var.tenant}-${var.name}"
  hostname  = "${var.tenant}-${var.name}"

  # IAM allows 64 characters and load balancers 32 without underscores. What is longer is cut and told apart by its hash, so that the
  # name stays the same from plan to plan.
  role         = length(local.qualified) <= 54 ? local.qualified : "${substr(local.qualified, 0, 45)}-${substr(sha1(local.qualified), 0, 8)}"
  plain        = replace(local.qualified, "_", "-")
  target_group = length(local.plain) <= 32 ? local.plain : "${trim(substr(local.plain, 0, 23), "-")}-${substr(sha1(local.qualified), 0, 8)}"
}
