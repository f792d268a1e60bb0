output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "One a zone, with a route to the internet gateway."
  value       = aws_subnet.public[*].id
}

output "private_subnet_ids" {
  description = "One a zone, with a route to the NAT."
  value       = aws_subnet.private[*].id
}
