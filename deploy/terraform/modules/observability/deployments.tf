# What ECS tells of deploys and tasks. ship says it to whoever deploys; this is for what happens when nobody looks.
locals {
  events = {
    deployment-failed = {
      pattern = {
        source      = ["aws.ecs"]
        detail-type = ["ECS Deployment State Change"]
        resources   = [{ wildcard = "arn:*:ecs:*:*:service/${var.cluster_name}/*" }]
        detail      = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
      }
      paths    = { what = "$.resources[0]", why = "$.detail.reason" }
      template = "\"A deployment failed and was taken back: <what>. ECS says: <why>\""
    }
    # Not those that were told to stop; nor one-off tasks, which whoever started them hears of. Spot's notices are no failures.
    task-failed = {
      pattern = {
        source      = ["aws.ecs"]
        detail-type = ["ECS Task State Change"]
        detail = {
          clusterArn = [{ wildcard = "arn:*:ecs:*:*:cluster/${var.cluster_name}" }]
          group      = [{ prefix = "service:" }]
          lastStatus = ["STOPPED"]
          stopCode   = ["TaskFailedToStart", "EssentialContainerExited"]
        }
      }
      paths    = { what = "$.detail.group", why = "$.detail.stoppedReason", which = "$.detail.taskDefinitionArn" }
      template = "\"A task of <what> (<which>) did not start or ended by itself. ECS says: <why>\""
    }
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.events

  name          = "${var.name}-${each.key}"
  description   = "Tells operators: ${each.key}"
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.events

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = aws_sns_topic.this.arn

  input_transformer {
    input_paths    = each.value.paths
    input_template = each.value.template
  }
}
