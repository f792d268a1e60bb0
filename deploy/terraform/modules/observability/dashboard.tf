# Four columns of golden signals, one row per service of each shop, and what all share above them. The services behind the gateway log no
# line per call; their traffic and latency are those of the requests that lead to them.
locals {
  # A widget's metrics as CloudWatch wants them. Lists of all shapes stand in one list only as JSON; position and size are added below.
  shared_widgets = [
    jsonencode({ title = "Load balancer: requests and errors", stat = "Sum", metrics = [
      ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancer_arn_suffix],
      [".", "HTTPCode_ELB_4XX_Count", ".", "."], [".", "HTTPCode_ELB_5XX_Count", ".", "."], [".", "HTTPCode_Target_5XX_Count", ".", "."],
    ] }),
    jsonencode({ title = "Load balancer: seconds to answer", stat = "p95", metrics = [
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer_arn_suffix, { stat = "p50" }],
      ["...", { stat = "p95" }], ["...", { stat = "p99" }],
    ] }),
    jsonencode({ title = "Mail", stat = "Sum", metrics = [
      ["AWS/SES", "Send"], [".", "Delivery"], [".", "Bounce"], [".", "Complaint"], [".", "Reject"],
    ] }),
    jsonencode({ title = "Mail: reputation of the account", stat = "Maximum", metrics = [
      ["AWS/SES", "Reputation.BounceRate"], [".", "Reputation.ComplaintRate"],
    ] }),
    jsonencode({ title = "Database: CPU and credits", stat = "Average", metrics = [
      ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.database_identifier], [".", "CPUCreditBalance", ".", ".", { yAxis = "right" }],
    ] }),
    jsonencode({ title = "Database: connections of ${var.database_max_connections}", stat = "Maximum", metrics = [
      ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", var.database_identifier],
    ] }),
    jsonencode({ title = "Database: seconds to read and write", stat = "Average", metrics = [
      ["AWS/RDS", "ReadLatency", "DBInstanceIdentifier", var.database_identifier], [".", "WriteLatency", ".", "."],
    ] }),
    jsonencode({ title = "Database: free storage and memory", stat = "Minimum", metrics = [
      ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.database_identifier], [".", "FreeableMemory", ".", ".", { yAxis = "right" }],
    ] }),
  ]

  shop_widgets = flatten([
    for tenant in keys(var.tenants) : [
      jsonencode({ title = "${tenant}: orders", stat = "SampleCount", metrics = [[var.name, "${tenant}-order-orders"]] }),
      jsonencode({ title = "${tenant}: sold, in cents", stat = "Sum", metrics = [[var.name, "${tenant}-order-orders"]] }),
      jsonencode({ title = "${tenant}: money and mail that want a person", stat = "Sum", metrics = [
        [var.name, "${tenant}-order-payment_exceptions"], [var.name, "${tenant}-order-books_unresolved"],
        [var.name, "${tenant}-order-order_email_failures"], [var.name, "${tenant}-user-order_email_failures"],
        [var.name, "${tenant}-user-email_failures"], [var.name, "${tenant}-order-jobs_given_up"], [var.name, "${tenant}-user-jobs_given_up"],
      ] }),
      jsonencode({ title = "${tenant}: webhooks, seconds late and unfinished", stat = "Maximum", metrics = [
        [var.name, "${tenant}-payment-webhook_lag"],
        [var.name, "${tenant}-gateway-webhooks_unfinished", { stat = "Sum", yAxis = "right" }],
        [var.name, "${tenant}-order-checkout_sweeps_failing", { stat = "Sum", yAxis = "right" }],
      ] }),
    ]
  ])

  # The gateway's numbers are the load balancer's, the others' those of the gateway's requests to them.
  edge_widgets = { for tenant, shop in var.tenants : tenant => [
    jsonencode({ title = "${tenant} gateway: requests", stat = "Sum", metrics = [
      ["AWS/ApplicationELB", "RequestCount", "TargetGroup", shop.services["gateway"].target_group_arn_suffix, "LoadBalancer", var.load_balancer_arn_suffix],
    ] }),
    jsonencode({ title = "${tenant} gateway: errors", stat = "Sum", metrics = [
      [var.name, "${tenant}-gateway-errors"],
      ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "TargetGroup", shop.services["gateway"].target_group_arn_suffix, "LoadBalancer", var.load_balancer_arn_suffix],
    ] }),
    jsonencode({ title = "${tenant} gateway: seconds to answer", stat = "p95", metrics = [
      ["AWS/ApplicationELB", "TargetResponseTime", "TargetGroup", shop.services["gateway"].target_group_arn_suffix, "LoadBalancer", var.load_balancer_arn_suffix],
      ["...", { stat = "p99" }],
    ] }),
  ] }
  request_widgets = merge([for tenant, shop in var.tenants : { for service in keys(shop.services) : "${tenant}-${service}" => [
    jsonencode({ title = "${tenant} ${service}: requests", stat = "SampleCount", metrics = [[var.name, "${tenant}-gateway-requests_${service}"]] }),
    jsonencode({ title = "${tenant} ${service}: errors", stat = "Sum", metrics = [[var.name, "${tenant}-${service}-errors"]] }),
    jsonencode({ title = "${tenant} ${service}: milliseconds to answer", stat = "p95", metrics = [
      [var.name, "${tenant}-gateway-requests_${service}"], ["...", { stat = "p99" }],
    ] }),
  ] if service != "gateway" }]...)

  service_widgets = flatten([
    for tenant, shop in var.tenants : [
      for service, about in shop.services : [
        service == "gateway" ? local.edge_widgets[tenant] : local.request_widgets["${tenant}-${service}"],
        jsonencode({ title = "${tenant} ${service}: CPU, memory and tasks", stat = "Average", metrics = [
          ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster_name, "ServiceName", about.service_name],
          [".", "MemoryUtilization", ".", ".", ".", "."],
          [".", "CPUUtilization", ".", ".", ".", ".", { stat = "SampleCount", period = 60, label = "tasks", yAxis = "right" }],
        ] }),
      ]
    ]
  ])

  # CloudFront counts in us-east-1, wherever the shop is.
  site_widgets = flatten([
    for tenant, shop in var.tenants : [
      jsonencode({ title = "${tenant}: pages, requests and errors in percent", stat = "Sum", region = "us-east-1", metrics = [
        ["AWS/CloudFront", "Requests", "DistributionId", shop.site.distribution_id, "Region", "Global"],
        [".", "4xxErrorRate", ".", ".", ".", ".", { stat = "Average", yAxis = "right" }],
        [".", "5xxErrorRate", ".", ".", ".", ".", { stat = "Average", yAxis = "right" }],
      ] }),
    ] if shop.site != null
  ])

  widgets = [for widget in concat(local.shared_widgets, local.shop_widgets, local.service_widgets, local.site_widgets) : jsondecode(widget)]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for n, widget in local.widgets : {
        type   = "metric"
        x      = n % 4 * 6
        y      = floor(n / 4) * 6
        width  = 6
        height = 6
        properties = {
          title   = widget.title
          metrics = widget.metrics
          stat    = widget.stat
          period  = 300
          region  = lookup(widget, "region", data.aws_region.current.name)
          view    = "timeSeries"
        }
      }
    ]
  })
}
