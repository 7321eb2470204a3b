using CityMonitor.Simulator.Control;

var app = SimulatorApp.Build(args);
app.Run();
