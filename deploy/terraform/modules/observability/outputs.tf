output "topic_arn" {
  description = "Topic of all alarms."
  value       = aws_sns_topic.this.arn
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
