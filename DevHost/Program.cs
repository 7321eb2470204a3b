using CityMonitor.Hosting;

return await CommandLine.Build().Parse(args).InvokeAsync();
