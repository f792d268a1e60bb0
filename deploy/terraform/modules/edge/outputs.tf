output "https_listener_arn" {
  description = "Listener that shops put their rules on."
  value       = aws_lb_listener.https.arn
}

output "security_group_id" {
  description = "Group of the load balancer."
  value       = aws_security_group.this.id
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "load_balancer_arn_suffix" {
  description = "The load balancer as CloudWatch names it."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "Name that the API's host leads to."
  value       = aws_lb.this.dns_name
}

output "hosted_zone_id" {
  description = "Zone of dns_name, for alias records."
  value       = aws_lb.this.zone_id
}

output "certificate_arn" {
  description = "The certificate, once it is issued."
  value       = aws_acm_certificate_validation.this.certificate_arn
}

output "validation_records" {
  description = "DNS records that prove the certificate's names, to be entered by hand where there is no zone_id."
  value       = [for options in values(local.validation) : options[0]]
}
