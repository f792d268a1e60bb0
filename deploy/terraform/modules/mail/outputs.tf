output "identity_arn" {
  description = "What a task role may send from."
  value       = aws_sesv2_email_identity.this.arn
}

output "configuration_set" {
  description = "Name of the configuration set."
  value       = aws_sesv2_configuration_set.this.configuration_set_name
}

output "configuration_set_arn" {
  description = "ARN of the configuration set: SES checks the right to send against it too."
  value       = aws_sesv2_configuration_set.this.arn
}

output "feedback_topic_arn" {
  description = "Topic of bounces and complaints."
  value       = aws_sns_topic.feedback.arn
}

output "dns_records" {
  description = "Records of DKIM, MAIL FROM, SPF and DMARC, to be made by hand when there is no zone."
  value       = local.records
}
