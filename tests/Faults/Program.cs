using CityMonitor.Faults;

return await Runner.RunAsync(args);
