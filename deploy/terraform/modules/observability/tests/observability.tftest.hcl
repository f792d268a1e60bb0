# That everything that wants a person comes to one.
mock_provider "aws" {
  source = "../../tests/mocks"
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_region.current
  values = { name = "us-east-1" }
}

override_resource {
  target = aws_sns_topic.this
  values = { arn = "arn:aws:sns:us-east-1:123456789012:shop-alarms" }
}

variables {
  name                     = "shop"
  load_balancer_arn_suffix = "app/shop/1"
  cluster_name             = "shop"
  database_identifier      = "shop"
  database_max_connections = 90
  emails                   = ["owner@shop.example", "other@shop.example"]
  tenants = {
    main = {
      services = {
        user        = { service_name = "main-user", log_group = "/shop/main/user" }
        payment     = { service_name = "main-payment", log_group = "/shop/main/payment" }
        order       = { service_name = "main-order", log_group = "/shop/main/order" }
        clientevent = { service_name = "main-clientevent", log_group = "/shop/main/clientevent" }
        gateway     = { service_name = "main-gateway", log_group = "/shop/main/gateway", target_group_arn_suffix = "targetgroup/main/1", minimum = 2 }
      }
      site = { distribution_id = "E1" }
    }
    other = {
      services = {
        user        = { service_name = "other-user", log_group = "/shop/other/user" }
        payment     = { service_name = "other-payment", log_group = "/shop/other/payment" }
        order       = { service_name = "other-order", log_group = "/shop/other/order" }
        clientevent = { service_name = "other-clientevent", log_group = "/shop/other/clientevent" }
        gateway     = { service_name = "other-gateway", log_group = "/shop/other/gateway", target_group_arn_suffix = "targetgroup/other/1" }
      }
    }
  }
}

run "alarms" {
  assert {
    condition = length(setsubtract([
      "main-gateway-5xx", "main-gateway-p95", "main-gateway-p99", "main-gateway-unhealthy", "main-gateway-healthy", "load-balancer-5xx",
      "main-user-cpu", "main-user-memory", "main-user-tasks", "other-order-tasks", "main-gateway-cpu",
      "database-cpu", "database-connections", "database-storage", "database-memory", "mail-bounces", "mail-complaints",
      "main-order-payment_exceptions", "other-order-payment_exceptions", "main-order-books_unresolved", "main-order-books_compared",
      "main-order-order_email_failures", "main-user-order_email_failures", "main-user-email_failures", "main-order-jobs_given_up", "main-user-jobs_given_up",
      "main-payment-webhook_lag", "main-gateway-webhooks_unfinished", "main-order-checkout_sweeps_failing",
      "main-user-errors", "main-payment-errors", "main-order-errors", "main-clientevent-errors", "main-gateway-errors",
    ], keys(aws_cloudwatch_metric_alarm.this))) == 0
    error_message = "An alarm is missing."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      alarm.alarm_actions == toset(["arn:aws:sns:us-east-1:123456789012:shop-alarms"]) && alarm.ok_actions == alarm.alarm_actions &&
      alarm.alarm_description != "" && alarm.datapoints_to_alarm <= alarm.evaluation_periods && contains(["breaching", "notBreaching", "ignore"], alarm.treat_missing_data)
    ])
    error_message = "An alarm tells nobody, does not say when it is over, or not what it means."
  }

  # AWS allows evaluation over a day at most, and over a week with periods of an hour and more.
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.period * alarm.evaluation_periods <= (alarm.period >= 3600 ? 604800 : 86400)])
    error_message = "An alarm looks back further than CloudWatch does."
  }

  assert {
    condition     = [for key, alarm in aws_cloudwatch_metric_alarm.this : key if alarm.treat_missing_data == "breaching"] == concat(["database-storage"], sort(flatten([for tenant in ["main", "other"] : concat(["${tenant}-gateway-healthy", "${tenant}-order-books_compared"], [for service in ["clientevent", "gateway", "order", "payment", "user"] : "${tenant}-${service}-tasks"])])))
    error_message = "Silence is no alarm where it should be, or is one where it is no news."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["main-gateway-tasks"].threshold == 2 && aws_cloudwatch_metric_alarm.this["main-gateway-tasks"].statistic == "SampleCount" && aws_cloudwatch_metric_alarm.this["main-gateway-tasks"].period == 60 && aws_cloudwatch_metric_alarm.this["main-gateway-healthy"].threshold == 2
    error_message = "A missing task is no alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-connections"].threshold == 72 && aws_cloudwatch_metric_alarm.this["database-connections"].dimensions["DBInstanceIdentifier"] == "shop"
    error_message = "The alarm on connections does not follow the instance's."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["main-gateway-p99"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.this["main-gateway-p99"].statistic == null && aws_cloudwatch_metric_alarm.this["main-gateway-5xx"].dimensions["TargetGroup"] == "targetgroup/main/1" && aws_cloudwatch_metric_alarm.this["other-gateway-5xx"].dimensions["TargetGroup"] == "targetgroup/other/1"
    error_message = "Alarms on answers look at something else."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["other-user-errors"].log_group_name == "/shop/other/user" && aws_cloudwatch_log_metric_filter.this["main-payment-webhook_lag"].metric_transformation[0].value == "$.lag_seconds" && alltrue([for key, filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name == key && filter.metric_transformation[0].namespace == "shop"])
    error_message = "A filter counts another shop's lines."
  }

  # An alarm on a metric of ours is of one that a filter makes.
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : contains(keys(aws_cloudwatch_log_metric_filter.this), alarm.metric_name) if alarm.namespace == "shop"])
    error_message = "An alarm waits for a metric that nobody makes."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : alltrue([for metric in widget.properties.metrics : metric[0] != "shop" || contains(keys(aws_cloudwatch_log_metric_filter.this), metric[1])])]) && length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 8 + 2 * (4 + 5 * 4) + 1
    error_message = "The dashboard shows a metric that nobody makes, or lacks a service."
  }
}

run "who_is_told" {
  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation
    error_message = "The topic is not encrypted."
  }

  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.this : "${subscription.protocol} ${subscription.endpoint}"]) == toset(["email owner@shop.example", "email other@shop.example"])
    error_message = "Somebody is not told."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_policy.this.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012" && jsondecode(aws_kms_key.this.policy).Statement[1].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "Other accounts may publish."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["deployment-failed"].event_pattern).detail.eventName[0] == "SERVICE_DEPLOYMENT_FAILED" && join(" ", jsondecode(aws_cloudwatch_event_rule.this["task-failed"].event_pattern).detail.stopCode) == "TaskFailedToStart EssentialContainerExited"
    error_message = "A failed deploy or task tells nobody."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.this : target.arn == "arn:aws:sns:us-east-1:123456789012:shop-alarms" && can(jsondecode(target.input_transformer[0].input_template))])
    error_message = "Events of ECS go elsewhere, or are unreadable."
  }
}
