@echo off
kubectl-netbench.exe __complete -- %*
