# Every alarm in one table. Thresholds are those that want a person; what heals by itself (autoscaling, retries, a task that is
# replaced) goes over them only when it does not heal.
locals {
  defaults = {
    statistic          = "Average"
    period             = 300
    evaluation_periods = 3
    datapoints         = 3
    comparison         = "GreaterThanThreshold"
    missing            = "notBreaching"
  }

  service_alarms = merge(flatten([
    for tenant, shop in var.tenants : [
      for service, about in shop.services : {
        "${tenant}-${service}-cpu" = merge(local.defaults, {
          namespace   = "AWS/ECS", metric = "CPUUtilization", threshold = 85
          dimensions  = { ClusterName = var.cluster_name, ServiceName = about.service_name }
          description = "Busy for a quarter of an hour although autoscaling starts at 70 %: is it at its maximum?"
        })
        "${tenant}-${service}-memory" = merge(local.defaults, {
          namespace   = "AWS/ECS", metric = "MemoryUtilization", threshold = 90
          dimensions  = { ClusterName = var.cluster_name, ServiceName = about.service_name }
          description = "Nearly out of memory; at 100 % the task is killed."
        })
        # Each running task sends one sample a minute: their number is the number of tasks, without paying for Container Insights.
        "${tenant}-${service}-tasks" = merge(local.defaults, {
          namespace   = "AWS/ECS", metric = "CPUUtilization", threshold = about.minimum
          dimensions  = { ClusterName = var.cluster_name, ServiceName = about.service_name }
          statistic   = "SampleCount", period = 60, evaluation_periods = 5, datapoints = 5
          comparison  = "LessThanThreshold", missing = "breaching"
          description = "Fewer tasks run than the minimum of ${about.minimum}. `ship status` says why (also before the first deploy)."
        })
      }
    ]
  ])...)

  target_group_alarms = merge([
    for tenant, shop in var.tenants : {
      "${tenant}-gateway-5xx" = merge(local.defaults, {
        namespace   = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", statistic = "Sum", threshold = 5
        dimensions  = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = shop.services["gateway"].target_group_arn_suffix }
        comparison  = "GreaterThanOrEqualToThreshold", evaluation_periods = 1, datapoints = 1
        description = "The gateway answers with errors of its own."
      })
      "${tenant}-gateway-p95" = merge(local.defaults, {
        namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p95", threshold = var.latency_p95_seconds
        dimensions  = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = shop.services["gateway"].target_group_arn_suffix }
        period      = 60, evaluation_periods = 15, datapoints = 10
        description = "The shop is slow for many."
      })
      "${tenant}-gateway-p99" = merge(local.defaults, {
        namespace   = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p99", threshold = var.latency_p99_seconds
        dimensions  = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = shop.services["gateway"].target_group_arn_suffix }
        period      = 60, evaluation_periods = 15, datapoints = 10
        description = "The shop is very slow for some."
      })
      "${tenant}-gateway-unhealthy" = merge(local.defaults, {
        namespace   = "AWS/ApplicationELB", metric = "UnHealthyHostCount", statistic = "Maximum", threshold = 0
        dimensions  = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = shop.services["gateway"].target_group_arn_suffix }
        period      = 60, evaluation_periods = 5
        description = "A task of the gateway does not answer /livez."
      })
      "${tenant}-gateway-healthy" = merge(local.defaults, {
        namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount", statistic = "Minimum", threshold = shop.services["gateway"].minimum
        dimensions  = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = shop.services["gateway"].target_group_arn_suffix }
        period      = 60, evaluation_periods = 5, datapoints = 3, comparison = "LessThanThreshold", missing = "breaching"
        description = "Fewer tasks of the gateway take requests than the minimum."
      })
    }
  ]...)

  shared_alarms = {
    load-balancer-5xx = merge(local.defaults, {
      namespace   = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", statistic = "Sum", threshold = 5
      dimensions  = { LoadBalancer = var.load_balancer_arn_suffix }
      comparison  = "GreaterThanOrEqualToThreshold", evaluation_periods = 1, datapoints = 1
      description = "The load balancer finds nobody to ask, or no answer in time."
    })
    database-cpu = merge(local.defaults, {
      namespace   = "AWS/RDS", metric = "CPUUtilization", threshold = 80
      dimensions  = { DBInstanceIdentifier = var.database_identifier }
      description = "The database is busy for a quarter of an hour."
    })
    database-cpu-credits = merge(local.defaults, {
      namespace   = "AWS/RDS", metric = "CPUCreditBalance", statistic = "Minimum", threshold = 20
      dimensions  = { DBInstanceIdentifier = var.database_identifier }
      comparison  = "LessThanThreshold"
      description = "A burstable database has soon to go slowly, or costs more."
    })
    database-connections = merge(local.defaults, {
      namespace          = "AWS/RDS", metric = "DatabaseConnections", statistic = "Maximum", threshold = floor(var.database_max_connections * 0.8)
      dimensions         = { DBInstanceIdentifier = var.database_identifier }
      evaluation_periods = 2, datapoints = 2
      description        = "Most connections of the database are taken: pools times tasks are too many."
    })
    database-storage = merge(local.defaults, {
      namespace          = "AWS/RDS", metric = "FreeStorageSpace", statistic = "Minimum", threshold = var.database_free_storage_bytes
      dimensions         = { DBInstanceIdentifier = var.database_identifier }
      comparison         = "LessThanThreshold", missing = "breaching"
      description        = "The database's disk is nearly full although it grows by itself: is it at its maximum? It is also said when the instance says nothing."
      evaluation_periods = 3
    })
    database-memory = merge(local.defaults, {
      namespace   = "AWS/RDS", metric = "FreeableMemory", threshold = var.database_free_memory_bytes
      dimensions  = { DBInstanceIdentifier = var.database_identifier }
      comparison  = "LessThanThreshold"
      description = "The database has hardly any memory left."
    })
    # Of the whole account. SES reviews it from 5 % and 0.1 % on, and stops sending at 10 % and 0.5 %.
    mail-bounces = merge(local.defaults, {
      namespace          = "AWS/SES", metric = "Reputation.BounceRate", statistic = "Maximum", threshold = 0.04
      dimensions         = {}
      period             = 3600, evaluation_periods = 1, datapoints = 1
      missing            = "ignore"
      description        = "Too many mails come back; at 10 % SES stops sending."
      evaluation_periods = 1
    })
    mail-complaints = merge(local.defaults, {
      namespace   = "AWS/SES", metric = "Reputation.ComplaintRate", statistic = "Maximum", threshold = 0.0008
      dimensions  = {}
      period      = 3600, evaluation_periods = 1, datapoints = 1
      missing     = "ignore"
      description = "Too many people call our mail spam; at 0.5 % SES stops sending."
    })
  }

  alarms = merge(local.service_alarms, local.target_group_alarms, local.shared_alarms, local.signal_alarms)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  # A percentile of a handful of requests says nothing.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null

  alarm_actions = [aws_sns_topic.this.arn]
  ok_actions    = [aws_sns_topic.this.arn]
}
