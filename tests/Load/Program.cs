using CityMonitor.Load;

return await Run.PlayAsync(args);
