# What the services' logs say, as numbers. signals.json is the one place of the patterns; a test looks for their words in the services'
# code. Nothing is counted while nothing is logged: a metric costs money for the hours that it has values.
locals {
  signals = jsondecode(file("${path.module}/signals.json"))

  filters = merge(flatten([
    for tenant in keys(var.tenants) : [
      for signal, about in local.signals : {
        for service in about.services : "${tenant}-${service}-${signal}" => {
          tenant  = tenant
          service = service
          signal  = signal
          about   = about
        }
      }
    ]
  ])...)

  signal_alarms = {
    for key, filter in local.filters : key => merge(filter.about.alarm, {
      namespace  = var.name
      metric     = key
      dimensions = {}
    }) if can(filter.about.alarm)
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = each.value.signal
  log_group_name = var.tenants[each.value.tenant].services[each.value.service].log_group
  pattern        = each.value.about.pattern

  metric_transformation {
    namespace = var.name
    name      = each.key
    value     = each.value.about.value
    unit      = each.value.about.unit
  }
}
