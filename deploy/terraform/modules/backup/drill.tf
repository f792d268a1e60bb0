# What a restore drill may do: make, look at and delete instances named after the database with -drill- in it, and nothing else.
# It cannot touch the database itself: every changing action names only the copies.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  rds    = "arn:${data.aws_partition.current.partition}:rds:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  copies = "${local.rds}:db:${var.database_identifier}-drill-*"
}

resource "aws_iam_policy" "drill" {
  name        = "${var.name}-restore-drill"
  description = "Restore ${var.database_identifier} to copies named ${var.database_identifier}-drill-*"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = ["rds:DescribeDBInstances", "rds:DescribeDBSnapshots", "rds:DescribeDBInstanceAutomatedBackups", "rds:ListTagsForResource"]
        Resource = "*"
      },
      {
        Sid    = "RestoreACopy"
        Effect = "Allow"
        Action = ["rds:RestoreDBInstanceToPointInTime", "rds:RestoreDBInstanceFromDBSnapshot"]
        Resource = [
          local.copies,
          var.database_arn, # read from, never written to
          "${local.rds}:auto-backup:*",
          "${local.rds}:snapshot:rds:${var.database_identifier}-*",
          "${local.rds}:subgrp:${var.subnet_group_name}",
          "${local.rds}:pg:${var.parameter_group_name}",
          "${local.rds}:og:default:*",
        ]
      },
      {
        Sid      = "HandleTheCopy"
        Effect   = "Allow"
        Action   = ["rds:AddTagsToResource", "rds:ModifyDBInstance", "rds:DeleteDBInstance"]
        Resource = [local.copies, "${local.rds}:pg:${var.parameter_group_name}", "${local.rds}:og:default:*"]
      },
    ]
  })
}
